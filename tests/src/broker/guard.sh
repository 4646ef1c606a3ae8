# Runs epmd, unless another does, and, when told, a RabbitMQ node. When its input closes, which happens however its owner ends, it kills both
# and removes their folder. One command a line: `start` answers with the node's process id; `reap` with `reaped`, once
# that process has ended. The id stays the node's until then, so that nobody else can be hit by it.
# Usage: guard.sh folder server epmd|'no epmd'
set -u
folder=$1
server=$2
node=
epmd=

if [ "$3" = epmd ]; then
    epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 </dev/null >>"$folder/output" 2>&1 &
    epmd=$!
fi

while read -r command; do
    case $command in
        start)
            "$server" </dev/null >>"$folder/output" 2>&1 &
            node=$!
            echo "$node"
            ;;
        reap)
            wait "$node"
            node=
            echo reaped
            ;;
    esac
done

# The list is words by intent: there may be neither.
# shellcheck disable=SC2086
[ -z "$epmd$node" ] || kill -9 $epmd $node
wait
rm -rf -- "$folder"
