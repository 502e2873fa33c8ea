#!/bin/sh
# Make the bucket and one key for each service that needs it; a repeat changes nothing.
set -eu
mc alias set store http://s3:9000 admin "$(cat /run/secrets/s3_admin)" >/dev/null
mc mb --ignore-existing store/lake
cat >/tmp/lake.json <<'POLICY'
{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": ["arn:aws:s3:::lake"]},
  {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
   "Resource": ["arn:aws:s3:::lake/*"]}]}
POLICY
mc admin policy create store lake /tmp/lake.json
for user in mlflow worker; do
    mc admin user add store "$user" "$(cat "/run/secrets/s3_$user")"
    mc admin policy attach store lake --user "$user" || true # attached already
done
