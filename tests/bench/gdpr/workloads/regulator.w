# Mix of the published workload file gdpr_regulator (2020; file removed in 2021): metadata reads and log reads, half each as its file says
records = 100000
calls = 10000
threads = 8
dist = zipfian
read_by_pur = 0.5
readlog = 0.5
