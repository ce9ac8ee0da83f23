"""How frames become an MP4: encoders, their hardware, and the container.

Public: `encoder`, `container`.
"""
