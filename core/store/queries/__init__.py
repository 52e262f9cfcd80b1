"""Read models for screens and papers: each query takes a connection from `Device.reading` and gives frozen values."""
