"""Tables, the only place that declares them: one module an idea, one metadata a store."""
