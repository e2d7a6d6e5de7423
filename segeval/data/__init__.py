"""The door: what is scored, decided and checked once, so that nothing behind it asks again."""
