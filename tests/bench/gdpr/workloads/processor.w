# Mix of the published workload file gdpr_processor (2021)
records = 100000
calls = 10000
threads = 8
dist = uniform
read = 0.2
read_by_pur = 0.4
read_by_usr = 0.4
