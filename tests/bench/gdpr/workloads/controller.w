# Mix of the published workload file gdpr_controller (2021)
records = 100000
calls = 10000
threads = 8
dist = uniform
updmeta_by_pur = 0.25
updmeta_by_usr = 0.25
delete = 0.25
insert = 0.25
