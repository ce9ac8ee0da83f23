"""What a sound is like as a voice: voiced or not, pitch, pauses, loudness, spectrum, vowels; and what is worth telling.

Pure: arrays of samples in, records out. It knows no files, bytes, networks or films. Public: `voice.measure`,
`record.VoiceMeasures`, `findings.findings_of`.
"""
