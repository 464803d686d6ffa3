"""What all pages share: layout, assets, sign-in, error pages."""
