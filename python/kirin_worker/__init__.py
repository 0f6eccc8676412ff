"""The Python half of Kirin: a zygote forks workers, and workers run the application. Standard library only."""
