# The playbooks that newcomers start from must be sound. Included by tests/CMakeLists.txt.
foreach(playbook examples/complete_journey/playbook.yaml examples/online_retail/playbook.yaml examples/rees46/playbook.yaml examples/shop/playbook.yaml
        k8s/base/playbook.yaml)
  add_test(NAME check/${playbook} COMMAND waymark check ${CMAKE_SOURCE_DIR}/${playbook})
endforeach()
