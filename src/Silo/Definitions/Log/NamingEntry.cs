namespace Quota.Silo.Definitions.Log;

/// <summary>A definition in the change log that names a key, by its place; so nobody needs the name to find it.</summary>
/// <param name="Record">First record of its batch.</param>
/// <param name="Index">Its place among the definitions of the batch, from 0.</param>
/// <param name="IsOwn">Whether it defines or deletes the key; otherwise it names the key as its parent.</param>
internal readonly record struct NamingEntry(long Record, int Index, bool IsOwn);
