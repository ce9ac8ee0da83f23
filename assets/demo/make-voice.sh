#!/bin/sh
# Speaks session-N.ssml into session-N.flac: espeak-ng 1.51, its American English with the voice variant f5.
# The FLAC files are part of the project; run this only after changing a text. Needs: espeak-ng, python with soundfile.
set -eu
cd "$(dirname "$0")"
for session in 1 2 3; do
    espeak-ng -v en-us+f5 -s 160 -z -m -f "session-$session.ssml" -w "session-$session.wav"
    python3 -c 'import soundfile, sys; soundfile.write(sys.argv[2], *soundfile.read(sys.argv[1], dtype="int16"))' \
        "session-$session.wav" "session-$session.flac"
    rm "session-$session.wav"
done
