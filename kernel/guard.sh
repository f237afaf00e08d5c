#!/bin/sh
# Waits until a session's launcher has gone, however it ended, and leaves nothing of the session: neither the processes
# of its group nor its folder. The launcher holds the other end of standard input. A line there is the number of the group
# that it has begun last, or "done" if it has cleaned up itself.
# usage: guard.sh FOLDER
trap '' HUP INT TERM
group=
while read -r said; do
    [ "$said" = "done" ] && exit 0
    group=$said
done
for _ in 1 2 3; do
    [ -n "$group" ] && kill -s KILL -- "-$group" 2>/dev/null
    rm -rf "$1" && exit 0
    sleep 1
done
