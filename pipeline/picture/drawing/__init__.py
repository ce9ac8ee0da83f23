"""Drawing on planes of Y, Cb and Cr: blending, strips that scroll, marks, easing.

Public: `planes`, `blend`, `strip`, `canvas`.
"""
