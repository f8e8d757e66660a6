"""The pages of coordinators, stewards and HQ. They work without internet and run no script."""
