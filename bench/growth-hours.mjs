export async function measureHours() {}
