"""What only mochi gateway promises."""
