namespace Quota.Silo.Definitions.Log;

/// <summary>Which configuration file's <c>namespaces</c> a cluster adopted last.</summary>
/// <param name="Revision">The revision that the file gives itself; 0 if it gives none.</param>
/// <param name="Hash">SHA-256 of what the file defines (<see cref="DefinitionsHash"/>), as lower-case hexadecimal.</param>
/// <param name="Silo">The silo that adopted it.</param>
/// <param name="AtMs">When, in ms since 1970.</param>
internal sealed record FileMark(long Revision, string Hash, string Silo, long AtMs);
