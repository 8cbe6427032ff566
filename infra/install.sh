#!/usr/bin/env bash
# Makes an environment whose libraries do not fit the project's own, from the lock in infra/NAME: `.venv-NAME`.
#
#   install.sh vllm            for serving's live proof; does nothing when the environment already matches the lock
#   install.sh llmcompressor   for the awq target
#   install.sh NAME --lock     write the lock anew from requirements.in and overrides.txt (needs uv from `.venv`)
#
# The lock is complete, so nothing is resolved at install time. torch is named without a build label: pip takes the CPU
# build from wherever it is told to look (PIP_FIND_LINKS, PIP_EXTRA_INDEX_URL).
set -euo pipefail

project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
name="${1:-}"
here="$project/infra/$name"
if [[ -z $name || ! -f $here/requirements.in ]]; then
  echo "install.sh: name an environment: vllm or llmcompressor" >&2
  exit 2
fi
venv="$project/.venv-$name"
stamp="$venv/.installed-lock"
python="${PYTHON:-python3}"

say() { printf '%s\n' "$name: $*"; }

write_lock() {
  cd "$here"
  local uv="$project/.venv/bin/uv" wheels=()
  [[ -x $uv ]] || { say "uv is not in $project/.venv: run \`make install\` first" >&2; exit 1; }
  [[ -z ${PIP_FIND_LINKS:-} ]] || wheels=(--find-links "$PIP_FIND_LINKS")
  "$uv" pip compile requirements.in --override overrides.txt --python-version 3.11 "${wheels[@]}" \
    --custom-compile-command "infra/install.sh $name --lock" --quiet --output-file requirements.lock
  # A build label belongs to one machine's wheel; the lock names the release.
  sed -i -E 's/^(torch==[0-9.]+)\+[a-z0-9]+/\1/' requirements.lock
  say "wrote requirements.lock ($(grep -c '==' requirements.lock) distributions)"
}

install() {
  local wanted
  wanted="$(sha256sum <"$here/requirements.lock")"
  if [[ -f $stamp && "$(cat "$stamp")" == "$wanted" ]]; then
    say "$venv is up to date"
    return
  fi
  say "installing into $venv (1 to 5 minutes)"
  # From nothing: a half-finished environment, or one of an older lock, must not show through.
  "$python" -m venv --clear "$venv"
  # Every distribution is pinned: pip's warnings say nothing here that an error would not.
  "$venv/bin/python" -m pip install --no-deps --disable-pip-version-check --progress-bar off \
    --requirement "$here/requirements.lock" 2> >(grep -v '^WARNING' >&2) \
    | sed -u -n -E "s/^Collecting ([^ ]+).*/$name: \\1/p; s/^Installing.*/$name: unpacking/p"
  say "checking that torch and $name load"
  if ! "$venv/bin/python" -c "import torch, $name; print('$name: torch', torch.__version__, '$name', $name.__version__)"; then
    say "torch or $name does not load. This environment needs the CPU build of torch: name a folder or an index that" \
      "holds it in PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL (https://download.pytorch.org/whl/cpu) and run again" >&2
    exit 1
  fi
  printf '%s\n' "$wanted" >"$stamp"
  say "done: $venv/bin/python"
}

case "${2:-}" in
  "") install ;;
  --lock) write_lock ;;
  *) say "unknown argument '$2'; there is only --lock" >&2; exit 2 ;;
esac
