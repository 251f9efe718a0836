"""The contractive penalty and its Jacobians by the cheapest exact way."""
