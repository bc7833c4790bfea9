#!/bin/sh
# A trigger's program: keeps each transaction that it is told of once, one line of JSON each.
IFS= read -r line || exit 1
key=${line#*'"key":"'} && key=${key%%'"'*}
grep -qsxF "$key" told.keys || { printf '%s\n' "$line" >>told.json && echo "$key" >>told.keys; }
