"""The Python half of Kirin: a zygote that forks workers, and workers that run the application. Standard library only."""
