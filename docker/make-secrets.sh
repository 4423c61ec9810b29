#!/bin/sh
# Makes the passwords that docker/compose.yaml needs, each once: a file that is there stays as it is.
#
#   sh docker/make-secrets.sh           in docker/secrets, named in docker/.env
#
# The folder is for its owner alone. The files in it can be read by anyone who gets there, as the users in the
# containers must: Docker mounts them as they are.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets

# keep NAME TEXT: write it, unless it is there.
keep() {
    [ -s "secrets/$1" ] && return
    printf '%s\n' "$2" > "secrets/$1.new"
    chmod 644 "secrets/$1.new"
    mv "secrets/$1.new" "secrets/$1"
    echo "made docker/secrets/$1"
}

# 24 random bytes as letters and digits that need no escaping in a URL.
random() {
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

keep admin_password "$(random)"
keep secret_key "$(random)"
keep postgres_password "$(random)"
keep rabbitmq_password "$(random)"

postgres=$(cat secrets/postgres_password)
rabbitmq=$(cat secrets/rabbitmq_password)
keep store_url "postgresql://logingestor:$postgres@postgres/logingestor"
keep queue_url "amqp://logingestor:$rabbitmq@rabbitmq/logingestor"
keep broker_url "amqp://logingestor:$rabbitmq@rabbitmq/logingestor"
keep rabbitmq_user "default_user = logingestor
default_pass = $rabbitmq
default_vhost = logingestor"

# The last: compose refuses to start without it, so it never starts with half of them.
[ -e .env ] || echo 'SECRETS=./secrets' > .env
grep -q '^SECRETS=' .env || echo 'SECRETS=./secrets' >> .env
echo "The password of the user admin is in docker/secrets/admin_password."
