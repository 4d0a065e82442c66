"""The survey: what the checks find in browsers and in other people's libraries, rule by rule."""
