#!/usr/bin/env bash
# Start or stop an MLflow and a Prefect server on loopback, with their state in one folder.
#   stack.sh up FOLDER [MLFLOW_PORT] [PREFECT_PORT]
#   stack.sh down FOLDER
set -euo pipefail

usage() { sed -n '2,4p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
action=$1 folder=$2 mlflow_port=${3:-5000} prefect_port=${4:-4200}
bin=${SCATTERLAKE_BIN:-$(cd "$(dirname "$0")/../.." && pwd)/.venv/bin}

wait_for() { # NAME URL: until it answers, or say what its log says
    for _ in $(seq 120); do
        "$bin/python" - "$2" 2>/dev/null <<'PY' && return 0
import sys, urllib.request
urllib.request.urlopen(sys.argv[1], timeout=2)
PY
        sleep 1
    done
    echo "$1 does not answer at $2; its log ends:" >&2
    tail -n 20 "$folder/$1.log" >&2
    exit 1
}

start() { # NAME COMMAND...: in the background, in a process group of its own
    local name=$1
    shift
    setsid "$@" >"$folder/$name.log" 2>&1 </dev/null &
    echo $! >"$folder/$name.pid"
}

case $action in
up)
    mkdir -p "$folder/artifacts"
    folder=$(cd "$folder" && pwd)
    export DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false PREFECT_HOME="$folder/prefect"
    start mlflow "$bin/mlflow" server --host 127.0.0.1 --port "$mlflow_port" \
        --backend-store-uri "sqlite:///$folder/mlflow.db" --artifacts-destination "$folder/artifacts"
    start prefect "$bin/prefect" server start --host 127.0.0.1 --port "$prefect_port"
    wait_for mlflow "http://127.0.0.1:$mlflow_port/health"
    wait_for prefect "http://127.0.0.1:$prefect_port/api/health"
    echo "export MLFLOW_TRACKING_URI=http://127.0.0.1:$mlflow_port"
    echo "export PREFECT_API_URL=http://127.0.0.1:$prefect_port/api"
    ;;
down)
    for pid in "$folder"/*.pid; do
        [ -e "$pid" ] || continue
        kill -- "-$(cat "$pid")" 2>/dev/null || true
        rm "$pid"
    done
    ;;
*) usage ;;
esac
