"""Mail that is kept, in and out."""
