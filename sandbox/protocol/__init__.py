"""What is common to all of Stripe's requests and answers."""
