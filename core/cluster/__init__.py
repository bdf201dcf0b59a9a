"""Large work in units that any process may do: layout, what is done already, and the machines that do it."""
