# Mix of the published workload file gdpr_customer (2021)
records = 100000
calls = 10000
threads = 8
dist = zipfian
read = 0.2
read_by_pur = 0.1
read_by_usr = 0.1
update = 0.2
updmeta_by_pur = 0.1
updmeta_by_usr = 0.1
delete = 0.2
