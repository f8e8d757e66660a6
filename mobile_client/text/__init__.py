"""Text as the respondent reads it: direction, scripts, line breaks, fonts, catalogues.

Kivy's SDL2 provider draws one run of one script in one direction and no more. This room cuts
text into such runs (Unicode bidirectional algorithm, scripts, font fallback), breaks lines the way
each script does, and puts the runs where they belong. Only `shaper`, `textures` and `provider`
touch Kivy.
"""
