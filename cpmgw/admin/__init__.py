"""What an operator's tools ask: is it alive, is it ready, what did it do."""
