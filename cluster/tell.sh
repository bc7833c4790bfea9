#!/bin/sh
# A trigger's program: keeps each transaction that it is told of, one line of JSON each, and once
# but where it is killed between the document and its key.
IFS= read -r line || exit 1
key=${line#*'"key":"'} && key=${key%%'"'*}
grep -qsxF "$key" told.keys || { printf '%s\n' "$line" >>told.json && echo "$key" >>told.keys; }
