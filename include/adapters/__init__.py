"""The outside world, one module per vendor: each turns a vendor's terms into the words of the domain."""
