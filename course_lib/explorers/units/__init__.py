"""The explorer of slide S3: `view` is what it shows, `picture` how, `explorer` the controls."""
