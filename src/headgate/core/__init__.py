"""What everything else is made of: records, states, contract, ports. Knows no other package of ours."""
