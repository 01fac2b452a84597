"""The explorer of slides S9 and S10: `view` is what it shows, its pictures show how, `explorer` the controls."""
