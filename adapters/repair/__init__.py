"""Tool calls and thinking that a model wrote into its text become events of their own."""
