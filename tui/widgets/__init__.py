"""Parts of the views: each shows the values it is given and decides nothing."""
