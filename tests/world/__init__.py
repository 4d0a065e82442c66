"""The table of the world: what the checks find in other people's libraries and in browsers, rule by rule."""
