"""An upload: its parameters, its form, and its way from the body to a planned migration."""
