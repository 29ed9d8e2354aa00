"""Chat models: any endpoint's, or the embedded one."""
