// Why a run can't go on. Neither of the two ever crosses the API under test: whoever is called from
// outside catches them (Run.enter).

// The scenario is wrong: unknown variable, unknown step, bad path.
export class Defect extends Error {}

// The script uses a member that this implementation lacks.
export class Missing extends Error {
    constructor(member) {
        super(`missing: ${member}`);
        this.member = member;
    }
}

export const endsRun = (error) => error instanceof Defect || error instanceof Missing;
