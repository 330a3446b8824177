"""An MMS relay/server with handsets, as its peers by MM4 see it."""
