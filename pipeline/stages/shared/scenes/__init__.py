"""What a section's scene is drawn with: its layout, and what was recorded of its network.

Public: `layouts.section_layout`, `layouts.shows_network`, `traces`.
"""
