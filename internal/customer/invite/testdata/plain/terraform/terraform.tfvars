external_id = "Canary.External=ID+/-1"
