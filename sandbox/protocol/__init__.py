"""What all of Stripe's requests and answers have in common."""
