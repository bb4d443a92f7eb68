// What is worth a picture: a name, an address, and what somebody does there.
export const shots = [
	{ name: "home", path: "/" },
	{ name: "run", path: "/runs/r-7f3k20aa" },
];
