"""How a device and the centre speak: wire messages, request signatures, transport and the loop."""
