#!/bin/sh
# Takes out of an environment what only the tests, compilers and debuggers of its packages read: make_smaller.sh /opt/assay
set -eu

find "$1/lib" \( -path '*/tests/*' -name 'test_*' -o -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' \
	-o -name '*.h' \) -type f -delete

# No process of Assay imports it, only golden targets written in Python may.
find "$1/lib" -path '*/site-packages/openai/*' -name '*.pyc' -type f -delete

if ! command -v strip >/dev/null; then
	echo "make_smaller.sh: there is no strip here, so debug symbols stay (about 20 MB)" >&2
	exit 0
fi
# Only what has them: strip can break a library whose path to others was patched, and such have none as a rule.
find "$1/lib" -name '*.so' -type f | while read -r library; do
	if readelf --sections --wide "$library" | grep -q '\.debug_info'; then strip --strip-debug "$library"; fi
done
