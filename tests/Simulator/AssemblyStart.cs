using System.Runtime.CompilerServices;
using Quota.Silo;

namespace Quota.Simulator;

/// <summary>Fixes what a process otherwise draws at random at its start, so that a seed means the same in every process.</summary>
internal static class AssemblyStart
{
    [ModuleInitializer]
    internal static void FixSecrets() => AppContext.SetData(KeyHash.SecretName, Enumerable.Range(1, 24).Select(i => (byte)(i * 37)).ToArray());
}
