"""The public tools that dedup is measured against, in an environment of their own."""
