"""Recognises and masks card numbers, CVCs and other secrets."""
