"""The endpoints that devices speak to. Each router is thin: who asks, decode, hand over, answer."""
