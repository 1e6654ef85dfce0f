namespace Quota.Silo.Cluster;

/// <summary>TLS between silos. Each silo shows its certificate to the other, which accepts it if the authority has signed it.</summary>
/// <param name="CertificateFile">The silo's certificate, PEM.</param>
/// <param name="KeyFile">Its private key, PEM.</param>
/// <param name="AuthorityFile">Certificates of the authority that signs those of the silos, PEM; no other authority is trusted.</param>
internal sealed record SiloTlsSettings(string CertificateFile, string KeyFile, string AuthorityFile);
