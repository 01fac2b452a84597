"""The capstone's explorer: `view` is what it shows, `picture` how, `explorer` the controls."""
